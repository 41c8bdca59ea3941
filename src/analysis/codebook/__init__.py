"""What was asked, of whom and when: codebook, rule language, wave.yml, register."""
