def prove(shop, scale):
    yield from ()
