"""The code that runs in AWS Lambda, and the command line tools that create profiles."""
