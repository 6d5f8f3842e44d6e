"""The claims of Schneidman, Bialek & Berry (2002), measured."""
