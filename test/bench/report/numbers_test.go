package report

import "testing"

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 2, 100}, 3},
	} {
		if got := Median(test.values); got != test.want {
			t.Errorf("the median of %v is %v, not %v", test.values, got, test.want)
		}
	}
	values := []int64{3, 1, 2}
	if Median(values); values[0] != 3 {
		t.Errorf("the values were sorted in place: %v", values)
	}
}

func TestPercentile(t *testing.T) {
	var hundred []int
	for i := range 100 {
		hundred = append(hundred, 100-i)
	}
	for _, test := range []struct {
		values []int
		share  float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0.99, 7},
		{hundred, 0.5, 50},
		{hundred, 0.99, 99},
		{hundred, 1, 100},
		{hundred, 0, 1},
	} {
		if got := Percentile(test.values, test.share); got != test.want {
			t.Errorf("%v of %d values is %d, not %d", test.share, len(test.values), got, test.want)
		}
	}
}
