package generate

// more are the features of a world beside those that come with its number modulo five.
func more(number int) []Feature {
	return [][]Feature{{Searches}, {Copies}, {Fields}, {Cursors}}[number/5%4]
}
