package progress

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

const (
	// columnGap is what is between two columns.
	columnGap = "   "
	// narrowest is what is left of a column at least: of text in a narrower one
	// nobody can make sense.
	narrowest = 10
)

// Table is what is printed in columns as kubectl's tables are: rows of cells, of
// which the first is the header.
type Table [][]string

// Row adds a row.
func (t *Table) Row(cells ...string) { *t = append(*t, cells) }

// Print prints the table. To fit so many columns of a terminal, it wraps text
// within the cells of its widest columns; 0 are an unknown number, or no
// terminal, and leave every row a line.
func (t Table) Print(out io.Writer, columns int) error {
	widths := t.widths()
	if columns > 0 {
		fit(widths, columns-1) // the last column stays empty, as elsewhere
	}
	var text strings.Builder
	for _, row := range t {
		for _, line := range cellLines(row, widths, columns > 0) {
			text.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// widths returns the columns that each cell's text takes at most.
func (t Table) widths() []int {
	var widths []int
	for _, row := range t {
		for n, cell := range row {
			if n == len(widths) {
				widths = append(widths, 0)
			}
			widths[n] = max(widths[n], columnsOf(Printable(cell)))
		}
	}
	return widths
}

// fit takes from the widest, one after the other, until all fit.
func fit(widths []int, columns int) {
	room := columns - len(columnGap)*(len(widths)-1)
	for _, width := range widths {
		room -= width
	}
	for ; room < 0; room++ {
		widest := 0
		for n, width := range widths {
			if width > widths[widest] {
				widest = n
			}
		}
		if widths[widest] <= narrowest {
			return
		}
		widths[widest]--
	}
}

// cellLines returns the lines of a row.
func cellLines(row []string, widths []int, wrapped bool) []string {
	cells, most := make([][]string, len(row)), 1
	for n, cell := range row {
		cells[n] = []string{Printable(cell)}
		if wrapped {
			cells[n] = wrapCell(Printable(cell), widths[n])
		}
		most = max(most, len(cells[n]))
	}
	found := make([]string, most)
	for i := range found {
		line := ""
		for n, cell := range cells {
			text := ""
			if i < len(cell) {
				text = cell[i]
			}
			line += pad(text, widths[n]) + columnGap
		}
		found[i] = strings.TrimRight(line, " ")
	}
	return found
}

// wrapCell breaks a text at words, and a word that is too long wherever it must.
// Commands to paste stay whole, as everywhere.
func wrapCell(text string, columns int) []string {
	var found []string
	line := ""
	for _, part := range unbroken.FindAllString(text, -1) {
		word := strings.TrimRight(part, " ")
		if line != "" && columnsOf(line+word) > columns {
			found, line = append(found, strings.TrimRight(line, " ")), ""
		}
		for columnsOf(word) > columns && !strings.Contains(word, " ") {
			begin := head(word, columns)
			found, word = append(found, begin), word[len(begin):]
		}
		line += word + part[len(strings.TrimRight(part, " ")):]
	}
	return append(found, strings.TrimRight(line, " "))
}

// head returns the beginning of a word that takes so many columns, and a letter
// at least.
func head(word string, columns int) string {
	for i, r := range word {
		if columns -= columnsOfRune(r); columns < 0 && i > 0 {
			return word[:i]
		}
	}
	return word
}

// Columns returns how many columns the terminal has that out is; 0 if it is none,
// or does not say.
func Columns(out io.Writer) int {
	file, is := out.(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
