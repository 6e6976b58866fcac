/** Adds a button that copies the text of an element with `data-copy`, the label of the button. */
for (const element of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break
  const { copy, copied } = element.dataset
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'quiet copy'
  button.textContent = copy
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(element.textContent)
    button.textContent = copied
    setTimeout(() => {
      button.textContent = copy
    }, 2_000)
  })
  element.after(button)
}
