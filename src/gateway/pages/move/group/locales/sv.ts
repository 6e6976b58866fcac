/** The texts of the pages on moving a group that are not those of an account, in Swedish. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const sv: GroupMoveTexts = {
  moveAwayHelp:
    'Gruppen behåller sina följare, inlägg och bilder. Först kopieras den, utan att någon märker det. Den flyttas först när du bekräftar med en kod.',
  accountAt: 'Gruppen på {server}',
  bringBackHelp:
    'Gruppen är nu på {server}. Dess data kopieras tillbaka hit, till dess medlemmar och roller.',
  missingHelp:
    'Den gamla servern har dem inte längre, eller så tar den nya inte emot dem. Om du går vidare saknar gruppens inlägg de här filerna.',
  confirmHelp:
    'Allt är kopierat. Skriv in koden som {server} mejlar för att flytta gruppens identitet. Sedan är gruppen aktiv på den nya servern och avaktiverad på den gamla.',
  codeSent: '{server} har skickat koden med e-post.',
  cancelIn: 'På den gamla servern har inget ändrats. Här förblir gruppen avaktiverad.',
  doneIn: 'Gruppen är nu på den här servern',
  doneInHelp:
    'Medlemmar, roller och logg är som förut. På {server} är gruppen avaktiverad; du kan radera den där.',
  doneOut: 'Gruppen är nu på {server}',
  doneOutHelp:
    'Logga in där med lösenordet som du har valt. Här är gruppen avaktiverad och ingen kan skriva. Medlemmar, roller och logg finns kvar, om den kommer tillbaka.',
}
