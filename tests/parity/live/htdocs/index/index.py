# answers as index file of its folder
