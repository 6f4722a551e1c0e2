package seriestest

import (
	"reflect"
	"strconv"
	"time"

	"holdfast/internal/series"
)

// Filled is a T every field of which is something other than zero, for ever the same: maps and slices have two
// elements. It is for tests that nothing is lost on the way.
func Filled[T any]() T {
	var x T
	n := 0
	fill(reflect.ValueOf(&x).Elem(), &n)
	return x
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			start := time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
			v.Set(reflect.ValueOf(start.Add(time.Duration(*n) * time.Minute)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
		if z := v.FieldByName("Zone"); z.IsValid() {
			z.SetString("Europe/Berlin")
		}
		if d, ok := v.Addr().Interface().(*series.Date); ok {
			*d = series.Date{Year: 2026, Month: time.December, Day: *n%28 + 1}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(elem, n)
			v.SetMapIndex(key, elem)
		}
	case reflect.String:
		v.SetString("s" + strconv.Itoa(*n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) - 40) // some below zero
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("fill: " + v.Kind().String())
	}
}
