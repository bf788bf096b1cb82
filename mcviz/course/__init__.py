"""What only the notebooks need: exercises that check themselves, predictions to make, and plain charts."""
