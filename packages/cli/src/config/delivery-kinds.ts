/** How mail for mailboxes of an MTA is delivered. The command tree needs no more of the configuration. */
export const deliveryKinds = ['maildir', 'ledger', 'smtp'] as const;
