"""One thin module for each Lambda function: it parses the event, calls the domain code and responds."""
