package report

import (
	"cmp"
	"math"
	"slices"
)

// number is what there can be a median of.
type number interface{ ~int64 | ~float64 }

// Median gives the one in the middle, or what lies between the two. Of
// nothing it is zero.
func Median[N number](values []N) N {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Percentile gives the smallest value that is not below a share of all, such
// as 0.99.
func Percentile[N cmp.Ordered](values []N, share float64) N {
	var none N
	if len(values) == 0 {
		return none
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}
