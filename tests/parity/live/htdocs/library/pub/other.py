def index():
    return "index of other"


def there():
    return "there"
