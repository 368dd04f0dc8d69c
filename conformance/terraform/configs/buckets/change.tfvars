age  = 7
text = "hello again"
