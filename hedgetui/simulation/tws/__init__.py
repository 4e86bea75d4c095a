"""The pieces of the TWS-protocol gateway; `hedgetui.simulation.tws_gateway` puts them together."""
