// Starts Swagger UI from here, since our content security policy refuses the script inside its own page.
const api = document.getElementById("api");
window.SwaggerUIBundle({
  url: api.dataset.specification,
  domNode: api,
  deepLinking: false, // it would put a link inside the button that opens an operation
  persistAuthorization: false,
  validatorUrl: null,
});
