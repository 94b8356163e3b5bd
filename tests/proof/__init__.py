"""The differential proof: random rules on random records, each compiled to every target and run, held against the meaning itself."""
