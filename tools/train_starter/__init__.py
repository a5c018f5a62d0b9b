"""Trains the starter translator: from a folder of parallel text to the model that ships with voicectl.

``python -m train_starter CORPUS`` runs every stage: ``prepare`` cleans the text and makes token arrays, ``train``
learns from them within a time budget and writes NLLB's file form, ``export`` converts that to what ships, ``evaluate``
measures it, ``card`` says what it is. A run that was ended goes on where it was.
"""
