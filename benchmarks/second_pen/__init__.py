"""A second pen: pictures that measure the detector and that the renderer of its training never drew.

It was written without sight of that renderer and shares no code with it. Nothing here may be changed because of what a
model found; what is hard was fixed before any model saw a picture:

things     a quarter of the tiles are clean, the others hold 1, 2 or 3 things (0.5, 0.3, 0.2) whose boxes do not touch;
           smoke, dust, outfall and marker come equally often. A thing that finds no room is left out
           (so 93 of 300 are empty); dust, outfalls and markers are not laid on what looks like water, smoke may be.
contrast   CIE 1976 ΔE between the tile with the thing and what it covers, mean over the visible pixels (cover ≥ 0.1)
           weighed by cover, before noise and JPEG. Plumes and outfalls: a third faint (4–8), a third middle (8–16), a
           third plain (16–40); markers: a sixth, a third, a half; log-uniform inside a band. What cannot reach its
           band in any of its colours is left out. (So the shares come near a third each: nothing tops them up.)
opacity    is what the contrast asks for, between 0.13 and 0.96 (the cover that 95 % of a plume's pixels stay below).
           Measured on 300 tiles of seed 20261122, quantiles 0.1, 0.25, 0.5, 0.75, 0.9 of `opacity`:
           smoke 0.31 0.42 0.69 0.88 0.95, dust 0.30 0.45 0.75 0.94 0.95. Solid things keep most of
           their cover when they are faint and lose their colour: outfall 0.61 0.71 0.82 0.94 0.95, marker 0.63 0.71
           0.86 0.92 1.
size       the square root of the box's area, aimed at log-uniformly in a tile of 320 px: plumes 24–300 px, outfalls
           16–160, markers 10–90; other tiles in proportion. A plume's edge goes where its opacity takes it, and the
           tile's border cuts it.
box        that of cover ≥ 0.1, less the outermost 1 % of the cover's mass on each of the four sides.
source     the mouth of a chimney or pipe, the middle of a fire, the place where dust is raised, a panel's middle.

Smoke and dust are a simulated flow (stable fluids on 128 × 128) or a marched volume of noise with single scattering;
outfalls and panels are cast by rays through the photo's own camera, of which only the horizon is guessed.
"""
