"""Layers: an organisation's own base maps and terrain models.

A layer is one uploaded file. A job reads it in a process of its own and leaves in layers/LAYER/ what the server reads:
layer.tif (a tiled web-Mercator GeoTIFF with overviews), layer.pmtiles, or dem.tif.
"""
