"""What runs in AWS Lambda (and in the command line tools) to keep user profiles."""
