package googletest

type drive struct{}

func (d *drive) init() {}
