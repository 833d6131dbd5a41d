"""The lab behind ``bridle lab``: lessons computed by the engine, sent to a page in the browser.

``lessons.compute`` turns a key into a lesson's numbers without any server; ``keys`` says which keys there are, ``wire``
writes numbers as bytes, ``server`` answers a browser on this machine and ``static`` writes a folder that needs no server.
Nothing is imported here, so that the server opens its port before the engine is loaded.
"""
