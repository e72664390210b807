"""What travels: bodies of requests and of answers, a file each subject. OpenAPI is generated from these."""
