"""Sources and look-alikes drawn into photos, so that a picture with a known answer looks like a picture.

`draw` puts in one smoke, dust, outfall or marker and tells its box, mask, source point and how hard it is to see;
`decoy` puts in something that only looks like one. Which module holds what:

    things              `draw` and `decoy`: one thing more in a picture, or none where it could not be seen
    values              what a painter hands back, and names for arrays
    view                how a picture looks at the ground: from metres to pixels, up, and along
    sky                 a sky and a horizon, over a photo of ground
    paint               what every painter needs: chance, noise, covering, outlines, extents, contrast
    textures            seamless patterns of ground and water, sampled in metres

    smoke, dust         the kinds of each: their source, their way, their colours
    plume_paint         a plume grown, made as dense as asked, lit, and laid over its own shadow
    plume_path          the way that it takes: over the ground, up, and as pixels
    plume_field         how much of it lies behind each pixel: puffs, sheets, fog
    plume_lumps         the same of dense smoke, as balls upon balls
    plume_advected      the same of smoke carried off through swirls
    plume_cover         from how much there is to how much can be seen
    plume_light         its colour under the light, the shadow and the air of the picture
    plume_sources       chimneys, fires, vehicles, heaps, belts
    plume_along         plumes of simulated flights, along balls that were placed in space

    outfall             the kinds: a mouth in a bank, what runs from it, the water that it changes
    waterline           how a shore lies in a picture: pixels to metres along it, into the water, up the bank
    shore               a stretch of water with its bank, laid into a photo
    shore_light         the light and softness of a photo, for what is laid into it
    waters, banks       the looks of water and of what lies between it and the land
    dressing            what else stands at a bank: paths, steps, bridges, stones
    mouths              pipes and culverts
    solids              solid shapes in the shore's own metres
    discharge           fans, streaks, falling water, foam

    panel               markers: laid on the ground, seen by the camera, put into the photo
    panel_patterns      what is painted on them
    panel_letters       letters and characters for them
    panel_ink           their colours
    panel_plane         the plane that they are designed on: shapes as antialiased fields
    panel_wear          folds, dirt, fading, grass
    panel_light         the light and the lens of a photo, for a panel

    loose               `draw_loosely`: the same by another hand, all shapes and colours, without physics or view
    loose_plume         its smoke and dust: colours, shading, blending, sources
    loose_mattes        their outlines and the noise that breaks them up
    loose_outfall       its mouths, their frames, what runs from them
    loose_panel         its panels

    look_alikes         all that looks like a source and is none, by name
    look_alikes_kit     what they are made of: ground in metres, quads, soft patches
    look_alikes_air     like smoke: clouds, fog, glints, spray
    look_alikes_ground  like dust or a marker: roads, sand, snow, heaps, nets, painted lines
    look_alikes_roofs   like a marker: roofs, greenhouses, solar panels, cars, windows
    look_alikes_outfall like an outfall: water without a mouth, dark round or long things

Each family judges the photo's light by itself, for what it needs of it is not the same: a plume the colour of white
and of far air, a shore a gain, a veil and a grain, a panel linear light.
"""

from pipeline.sim.draw.loose import draw_loosely
from pipeline.sim.draw.sky import under_sky
from pipeline.sim.draw.things import LABELS, decoy, draw
from pipeline.sim.draw.values import Drawn
from pipeline.sim.draw.view import View, guess_view

__all__ = ["LABELS", "Drawn", "View", "decoy", "draw", "draw_loosely", "guess_view", "under_sky"]
