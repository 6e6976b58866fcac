/** The texts of the landing page, the status and the pages beside them in German. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const de: HomeTexts = {
  signIn: 'Anmelden',
  yourAccount: 'Dein Konto',
  signUp: 'Konto erstellen',
  moveHere: 'Konto hierher umziehen',
  byInvite: 'Um ein Konto zu erstellen, brauchst du einen Einladungscode.',
  about:
    'Ein Konto hier funktioniert in jeder App des AT-Protokolls. Was du schreibst und wem du folgst, gehört dir: Du kannst jederzeit auf einen anderen Server umziehen.',
  handles: 'Dein Name hier',
  handlesHelp: 'So heißen Konten auf diesem Server. Du kannst auch eine eigene Domain verwenden.',
  you: 'du',
  contact: 'Kontakt',
  status: 'Status',
  home: 'Startseite',
  works: 'Alles funktioniert',
  fails: 'Etwas funktioniert nicht',
  failsHelp:
    'Der Betreiber wurde benachrichtigt, falls dieser Server überwacht wird. Versuche es in einigen Minuten noch einmal.',
  worksPart: 'Funktioniert',
  failsPart: 'Funktioniert nicht',
  signingIn: 'Anmeldung',
  writing: 'Beiträge und andere Änderungen',
  files: 'Bilder und Dateien',
  network: 'Zustellung an Apps',
  accountHere: 'hat ein Konto auf diesem Server.',
  did: 'Dauerhafte Kennung (DID)',
  openProfile: 'Profil in Bluesky öffnen',
  isYou: 'Bist du das?',
  noAccount: 'Kein Konto hat diesen Namen',
  noAccountHelp: 'Auf diesem Server gibt es kein Konto {handle}.',
  notFound: 'Seite nicht gefunden',
  notFoundHelp:
    'Unter dieser Adresse ist nichts. Der Link ist vielleicht alt oder falsch geschrieben.',
  broken: 'Etwas ist schiefgegangen',
  brokenHelp: 'Die Seite konnte nicht gezeigt werden. Versuche es gleich noch einmal.',
}
