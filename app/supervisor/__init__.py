"""What `up` needs: the embedded queue server and the processes it looks after."""
