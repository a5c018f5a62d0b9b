"""eSpeak NG: a voice for every language, and phonemes for other voices."""
