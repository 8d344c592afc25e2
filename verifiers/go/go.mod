module authsig.example/authsig

go 1.19
