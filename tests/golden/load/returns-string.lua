return "web", 3
