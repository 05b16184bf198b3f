"""Ink to pictures: layout, SVG, raster images, the preview in a terminal."""
