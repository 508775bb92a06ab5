from types import *


def kind(value):
    print value  #! print
    if type(value) in (StringType, ListType) or value.StringType:  #! types types
        return 1
