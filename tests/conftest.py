from hypothesis import settings

# A slow machine is no failure: examples are bounded in number, never in time.
settings.register_profile("portico", deadline=None, print_blob=True)
settings.load_profile("portico")
