return unikernel "web"
