package daemon

import (
	"reflect"
	"testing"

	"holdfast/internal/settings"
)

// Each key that an entry of calendars may have is a kind that can be opened, and there are no others.
func TestKinds(t *testing.T) {
	kinds := map[settings.Kind]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings.FileCalendar]()) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			kinds[settings.Kind(key)] = true
		}
	}
	for kind := range kinds {
		if openers[kind] == nil {
			t.Errorf("nothing opens %s", kind)
		}
	}
	if len(openers) != len(kinds) {
		t.Errorf("%d openers for the kinds %v", len(openers), kinds)
	}
}
