"""What stands on the screen: the shell around every pane, the Vega pane, and the micro view."""
