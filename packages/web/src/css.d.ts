/** Styles are imported for Vite, which puts them into a file of their own. */
declare module '*.css';
