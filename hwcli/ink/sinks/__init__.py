"""Writers of other people's formats of ink."""
