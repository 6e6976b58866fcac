/** Times in the reader's time zone: as the text, or as the title of a relative time (`data-relative`). */
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: 'medium',
  timeStyle: 'short',
})
for (const time of document.querySelectorAll('time')) {
  const text = clock.format(new Date(time.dateTime))
  if (time.dataset.relative === undefined) time.textContent = text
  else time.title = text
}
