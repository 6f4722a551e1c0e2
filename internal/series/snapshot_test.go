package series

import (
	"reflect"
	"testing"
	"time"
)

// Whatever a snapshot has more than another, they are not the same: but for when it was taken, and its cursor.
func TestSameSeesEveryField(t *testing.T) {
	for i := range reflect.TypeFor[Snapshot]().NumField() {
		var a, b Snapshot
		name, f := reflect.TypeFor[Snapshot]().Field(i).Name, reflect.ValueOf(&b).Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		default:
			f.Set(reflect.ValueOf(time.Unix(1, 0)))
		}
		if apart := name == "At" || name == "FullAt" || name == "Cursor"; a.Same(b) != apart || !b.Same(b) {
			t.Errorf("%s: the same: %v", name, a.Same(b))
		}
	}
}
