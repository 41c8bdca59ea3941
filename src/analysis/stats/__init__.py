"""Tables with denominators, indicators, exact tests, changes between waves, disclosure control."""
