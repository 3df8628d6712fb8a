/** The name of the one EventRoute that an exporter's file becomes. */
export const routeName = 'exporter';
