/**
 * Jumps to a section of the page's navigation, or searches with the page's search form, if it has one: ⌘K or Ctrl K opens it.
 */
const links = [...document.querySelectorAll('nav.side a')]
const { palette: label, search: searchLabel } = document.querySelector('[data-palette]').dataset
const search = document.querySelector('form[role=search]')
const dialog = document.createElement('dialog')
dialog.className = 'palette'
dialog.setAttribute('aria-label', label)
const input = document.createElement('input')
const list = document.createElement('ul')
input.type = 'search'
input.placeholder = `${label} …`
input.setAttribute('role', 'combobox')
input.setAttribute('aria-label', label)
input.setAttribute('aria-expanded', 'true')
input.setAttribute('aria-controls', 'palette-list')
input.setAttribute('aria-autocomplete', 'list')
list.id = 'palette-list'
list.setAttribute('role', 'listbox')
list.setAttribute('aria-label', document.querySelector('nav.side').getAttribute('aria-label'))
dialog.append(input, list)
document.body.append(dialog)
let chosen = 0

function targets() {
  const text = input.value.trim().toLowerCase()
  const found = links
    .map((link) => ({ label: link.textContent.trim(), href: link.href }))
    .filter(({ label }) => label.toLowerCase().includes(text))
  if (text !== '' && search !== null) {
    const url = new URL(search.getAttribute('action') || location.pathname, location.href)
    const field = search.querySelector('input')
    url.searchParams.set(field.name, input.value.trim())
    found.push({ label: searchLabel.replace('{text}', () => input.value.trim()), href: url.href })
  }
  return found
}

function draw() {
  const all = targets()
  chosen = Math.max(0, Math.min(chosen, all.length - 1))
  const rows = all.map(({ label, href }, i) => {
    const row = document.createElement('li')
    const link = document.createElement('a')
    row.id = `palette-${i}`
    row.setAttribute('role', 'option')
    row.setAttribute('aria-selected', String(i === chosen))
    link.href = href
    link.tabIndex = -1
    link.textContent = label
    row.append(link)
    return row
  })
  list.replaceChildren(...rows)
  if (rows.length > 0) input.setAttribute('aria-activedescendant', `palette-${chosen}`)
  else input.removeAttribute('aria-activedescendant')
}

input.addEventListener('input', () => {
  chosen = 0
  draw()
})
input.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step !== undefined) {
    event.preventDefault()
    chosen += step
    draw()
  }
  if (event.key === 'Enter') {
    event.preventDefault()
    list.children[chosen]?.querySelector('a').click()
  }
})
document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
  event.preventDefault()
  if (dialog.open) return dialog.close()
  input.value = ''
  chosen = 0
  draw()
  dialog.showModal()
})
