"""The application of djangoapp.py."""
