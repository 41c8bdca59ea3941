"""Tables with denominators, exact tests, changes between waves, disclosure control."""
