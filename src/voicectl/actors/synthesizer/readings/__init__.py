"""How English words, names in code, numbers and symbols inside Japanese text are said by a Japanese developer."""
