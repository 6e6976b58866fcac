/**
 * Shows how much of a download has arrived, in browsers that let a page write to a file that the reader picks. In others the
 * link works as it is, and the browser shows the progress. Nothing is kept in memory.
 */
const language = document.documentElement.lang

function sizeText(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return new Intl.NumberFormat(language, {
    ...{ style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short' },
    maximumFractionDigits: 1,
  }).format(bytes / 1000 ** power)
}

for (const root of document.querySelectorAll('[data-download]')) {
  if (!window.showSaveFilePicker) break
  const link = root.querySelector('a')
  const area = root.querySelector('.arriving')
  const bar = root.querySelector('progress')
  const status = root.querySelector('[role=status]')
  const cancel = root.querySelector('button')
  let running

  link.addEventListener('click', async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    if (running !== undefined) return
    const suggestedName = root.dataset.download
    const file = await window.showSaveFilePicker({ suggestedName }).catch(() => undefined)
    if (file !== undefined) await save(file)
  })
  cancel.addEventListener('click', () => running?.abort())

  async function save(file) {
    running = new AbortController()
    bar.value = 0
    status.textContent = ''
    area.hidden = cancel.hidden = bar.hidden = false
    const writable = await file.createWritable()
    try {
      const done = await receive(writable, running.signal)
      status.textContent = root.dataset.complete.replace('{done}', sizeText(done))
    } catch {
      await writable.abort().catch(() => {})
      status.textContent = root.dataset.failed
    }
    cancel.hidden = bar.hidden = true
    running = undefined
  }

  /** Returns the number of bytes. */
  async function receive(writable, signal) {
    const response = await fetch(link.href, { signal })
    // The page of an error is HTML.
    if (!response.ok || response.headers.get('content-disposition') === null) throw new Error()
    let done = 0
    let shownAt = 0
    for (const reader = response.body.getReader(); ; ) {
      const chunk = await reader.read()
      if (chunk.done) break
      await writable.write(chunk.value)
      done += chunk.value.length
      if (performance.now() - shownAt < 500) continue
      shownAt = performance.now()
      bar.value = Math.min(done, bar.max)
      status.textContent = root.dataset.received.replace('{done}', sizeText(done))
    }
    await writable.close()
    return done
  }
}
