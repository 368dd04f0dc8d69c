title = "Reads another report"
