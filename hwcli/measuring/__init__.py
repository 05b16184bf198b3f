"""How well a network predicts ink: log-loss, errors, and the plots of them."""
