"""Writing new ink with a trained network on NumPy alone."""
