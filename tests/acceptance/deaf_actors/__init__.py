"""What an owner might put into `actors/`: a task that no time limit reaches."""
